"""Vehicles, drivers and dispatch orders held against one another: overlapping orders, disposed vehicles, expired licences, titles.

`orders` reads orders with their vehicles and drivers as columns of facts, `order_checks` and `vehicle_checks` find, `answers` pages.
"""
