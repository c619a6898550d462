"""Questions of place: where is this point, what is nearest, what lies within, what does a ray meet, how does a storey look when cut.

An index of each site is a cache of the store at its scene revision and says which; answers know the labels the asker may know of, so
that a hidden room does not exist: a point in it lies in its storey. Points are lon, lat, ellipsoidal height (CRS84h).
"""
