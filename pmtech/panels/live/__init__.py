"""What runs on: the live panel and the replay."""
