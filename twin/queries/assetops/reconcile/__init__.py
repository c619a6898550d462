"""Reconciliation as one list: ledger against ledger (账账), card (账卡), place (账实) and title (账证).

Each side becomes a sheet of columns (`sheet`); comparing two sheets gives columns of differences (`compare`), told with what stands
against what, its sources, the amount and the unit that must act (`difference`). `run` does all and keeps the list as work to do.
"""
