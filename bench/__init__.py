"""How fast Mainstay is, side by side with what it could be and with what else there is: `python -m bench --help`."""
