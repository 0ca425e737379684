"""Synthetic street scenes: people made of solids, walls, streets and light, all from two numbers.

From the ground up: `noise`, `light` and `camera`; `solids`, which `relief` and `portrait` turn into sprites;
`people`, `things` and `town` are built of them; `places` plans where what stands, `cast` who walks there,
`actors` and `backdrop` draw it, and `scene` puts it together for `film` to develop.
"""
