"""How a change of the API's price rule reaches the customer: a repository, a pipeline, a release, a change of the database."""
