"""What will happen: models behind one interface, weighted by their own backtests, with intervals that hold."""
