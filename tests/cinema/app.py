"""Who may do what in the cinema."""

from typing import Any

from cinema.models import (
    Actor,
    Base,
    Casting,
    Director,
    Film,
    Line,
    Member,
    Review,
    Screening,
    Studio,
    Tag,
    Trivia,
    film_tags,
)
from mainstay import Mainstay, claim, excluding

SECRET = "a secret that the cinema's tests share"
ANNA = "00000000-0000-4000-8000-00000000000a"
BERT = "00000000-0000-4000-8000-00000000000b"


def cinema(**settings: Any) -> Mainstay:
    """The app, with the settings that tests want."""
    app = Mainstay(
        Base, **({"jwt_secret": SECRET, "transaction_end": "commit-allow-override", "plan_enabled": True} | settings)
    )
    anonymous = app.role("anonymous")
    for model in (Studio, Director, Tag, film_tags, Trivia, Actor, Casting, Line):
        anonymous.may("read", model, columns="*")
    anonymous.may("read", Film, rows=Film.published, columns=excluding("budget", "gross"))
    anonymous.may("read", Member, columns=["id", "name"])
    anonymous.may("read", Review, rows=Review.public, columns="*")
    anonymous.may("read", Screening, columns="*")

    member = app.role("member", inherits=[anonymous])
    own = Review.author_id == claim.sub
    member.may("read", Review, rows=own, columns="*")
    member.may(
        "create",
        Review,
        columns=["film_id", "stars", "text", "public"],
        presets={"author_id": claim.sub},
        check=Review.film.has(Film.published),
    )
    member.may("update", Review, rows=own, columns=["stars", "text", "public"], check=Review.stars.between(1, 5))
    member.may("delete", Review, rows=own)
    member.may("read", Member, rows=Member.id == claim.sub, columns=["id", "name", "email"])

    editor = app.role("editor", inherits=[anonymous])
    editor.may("create", Film, columns=["title", "year", "published", "director_id"])
    editor.may("create", Review, columns="*", check=Review.film.has(Film.published))
    editor.may("update", Film, columns=["title"])
    editor.may("update", Review, rows=Review.public, columns=["stars"], check=Review.stars.between(1, 5))
    editor.may("create", film_tags, columns="*")
    editor.may("create", Screening, columns=["film_id", "host_id", "starts_at"], presets={"film_id": 1})

    critic = app.role("critic", inherits=[member])
    critic.may("read", Film, rows=Film.reviews.any(Review.author_id == claim.sub), columns="*")

    owner = app.role("owner")
    for model in (*Base.registry.mappers,):
        owner.may("all", model.class_, columns="*", unfiltered=model.class_ is Tag)
    owner.may("all", film_tags, columns="*")
    return app
