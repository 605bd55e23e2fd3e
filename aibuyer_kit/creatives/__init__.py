"""Which creatives and audiences work: rates learnt from what is seen of them, held back where little was counted."""
