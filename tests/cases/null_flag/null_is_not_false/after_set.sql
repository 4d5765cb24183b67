UPDATE member SET can_invite = false WHERE id IN (1, 4);
