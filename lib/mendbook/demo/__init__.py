"""The demo: four applications damaged by their own races, found, repaired, guarded, and raced when fixed."""
