"""Meshes of an IFC file's products, whatever the file does to the engines that draw them.

`ladder` asks a worker process (`child` here, `worker` there) for products and climbs from engine to engine (`fast`,
`reference`, `box`) until each is drawn or its failure written down; `cache` keeps the outcome by content. Engines read what a
product shows from `body` and `colour`.
"""

from bim.geometry.ladder import ELEMENT_BUDGET_S, LADDERS, GeometryResult, Outcome, Product, ProductResult, Rung, mesh_products

__all__ = ["ELEMENT_BUDGET_S", "LADDERS", "GeometryResult", "Outcome", "Product", "ProductResult", "Rung", "mesh_products"]
