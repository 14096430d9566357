"""The pure heart: what runs, in which order, decided from a journal; standard library only."""
