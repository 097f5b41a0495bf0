"""What the lessons try on the API."""
