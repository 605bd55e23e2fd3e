"""What the next unit of budget buys, and how to split a total: curves of response and plans that are made on them."""
