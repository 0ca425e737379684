"""The parts of a street: ground and facades, each a flat painting that the camera sees in perspective."""
