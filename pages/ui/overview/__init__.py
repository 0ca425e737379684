"""Parts of the Overview page: the status line and the pipeline's cards."""
