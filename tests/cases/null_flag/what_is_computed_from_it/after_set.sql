UPDATE member SET can_invite = false WHERE id = 1;
