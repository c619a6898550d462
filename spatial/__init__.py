"""The floor of the house: coordinate systems, frames, features, meshes, scene and index.

Everything here is metres, right-handed, z up, float64, in the site's east-north-up frame unless a name says otherwise.
It knows no file format, no database and no HTTP; the packages above meet here.
"""
