"""Ways of looking at recorded episodes: a page of a whole data set, and a recording for Rerun."""
