"""Fast R-CNN from scratch, made to be looked at.

Nothing here knows of Streamlit. Import the module whose name is the stage that you want: `fastrcnn_core.roi_sampling`,
`fastrcnn_core.nms`, and so on; the map of them is in the README.
"""

__version__ = "0.1.0"
