"""Two OpenAPI documents: reading them, and what differs between them."""
