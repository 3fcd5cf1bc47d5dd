"""unnoise inside of napari: dock widgets that denoise layers and train on them, and sample data.

Only this room knows napari and Qt, and no other room knows it. ``napari.yaml`` lists what napari
finds here.
"""
