"""Pictures of the data: charts, the graph of states, and the page that holds them."""
