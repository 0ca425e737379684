"""Parts of the Dataset page: one picture's annotations, and statistics of the whole data set."""
