"""What calls the API and reads its contract."""
