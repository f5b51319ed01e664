"""The parts that an exported `model.py` is put together from.

Each file is a module that runs and is linted as it stands. The exporter copies what follows its
imports; what it imports from its neighbours is copied before it. A layer of the catalogue is
written out by the file that bears its kind's name, in the class that bears its spec's name, whose
parameters are called as in `flowengine.layers`.
"""
