"""Everything that stands for a piece of equipment: ports, adapters, emulators, defects."""
