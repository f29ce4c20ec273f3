"""The checks of `loyalty verify`, by what they look at. Each gives how much it looked at and the faults it found."""
