"""mendbook finds, charts and repairs the damage that registration races leave in user and profile tables."""
