"""What a street is built of: ground and facades, each a flat painting that the camera sees in perspective."""
