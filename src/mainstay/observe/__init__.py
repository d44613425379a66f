"""Listeners: what becomes of observations. They never change a request, and never see what may not be logged."""
