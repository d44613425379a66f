"""What a team declares, and the one place that names the members of each family and puts the rooms together.

`declare` is the app as a team sees it, `served` is what one catalog makes of it, `running` answers requests.
"""

from mainstay.app.declare import Mainstay

__all__ = ["Mainstay"]
