"""Synthetic street scenes: people made of solids, walls, streets and light, all from two numbers.

From the ground up: `noise`, `light`, `camera`; `solids` and what is built of them (`skeleton`, `head`,
`clothes`, `person`, `furniture`); what is drawn flat (`leaves`, `walls`, `vehicles`, `ground`);
then `setting` chooses, `scene` puts together and `film` develops.
"""
