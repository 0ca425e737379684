"""The RoI sampling page: who is positive, negative or ignored, who is drawn, and one RoI's targets."""
