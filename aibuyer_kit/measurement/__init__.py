"""What was worth it: backtests, which of two models is better, drift, and rules judged by what came later."""
