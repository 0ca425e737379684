"""The things that stand in a street: furniture, things that look like people, plants, cars and bicycles."""
