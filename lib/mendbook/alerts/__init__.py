"""Who is told of what, and when: what holds now, what each address knows already, the message, and the way out."""
