"""The damage that each system's race is known for, asked in SQL that PostgreSQL and SQLite understand alike.

Every question is one of its own here, not mendbook's finders', so that the two can be held against each other.
"""

from __future__ import annotations


def plain(column: str) -> str:
    return f"lower(trim({column}))"


#: The damage of each system as (name, query of the damaged rows, what of it is older than the race).
#: "imported.staff", "early.customer", "promoted", "former.student" are the rows of racelab.legacy.
DAMAGE = {
    "attendance": {
        "duplicate staff rows": "SELECT user_id FROM attendance_staff GROUP BY user_id HAVING count(*) > 1",
        "users without a staff row": """
            SELECT id FROM auth_user WHERE username NOT LIKE 'imported.staff%'
            AND NOT EXISTS (SELECT 1 FROM attendance_staff WHERE user_id = auth_user.id)""",
        "staff rows without a barcode": "SELECT id FROM attendance_staff WHERE coalesce(barcode, '') = ''",
        "one barcode on two people": """
            SELECT barcode FROM attendance_staff WHERE barcode <> ''
            GROUP BY barcode HAVING count(DISTINCT user_id) > 1""",
        "lost department and phone": "SELECT id FROM attendance_staff WHERE department = '' AND phone = ''",
    },
    "logistics": {
        "blank customer profiles": """
            SELECT user_id FROM accounts_customerprofile JOIN auth_user ON auth_user.id = user_id
            WHERE phone_number = '' AND address = '' AND NOT is_staff AND username NOT LIKE 'early.customer%'""",
        "staff users with a customer profile": """
            SELECT user_id FROM accounts_customerprofile JOIN auth_user ON auth_user.id = user_id
            WHERE is_staff AND username NOT LIKE 'promoted%'""",
        "staff users with both profiles": """
            SELECT user_id FROM accounts_customerprofile JOIN accounts_staffprofile USING (user_id)""",
        "ghost accounts and their retries": f"""
            SELECT {plain("email")} FROM auth_user GROUP BY 1
            HAVING count(*) > 1 AND count(last_login) < count(*)""",
    },
    "academy": {
        "orphaned users": """
            SELECT id FROM auth_user WHERE NOT EXISTS (SELECT 1 FROM users_profile WHERE user_id = auth_user.id)""",
        "role and bio at their defaults": "SELECT id FROM users_profile WHERE role = '' AND bio = ''",
        "NULL can_invite_teachers": "SELECT id FROM users_profile WHERE can_invite_teachers IS NULL AND role <> ''",
        "accepted invitations of an orphan": """
            SELECT id FROM users_teacherinvitation WHERE accepted_by_id IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM users_profile WHERE user_id = accepted_by_id)""",
    },
    "website": {
        "accounts that differ in case only": """
            SELECT lower(username) FROM website_account GROUP BY 1 HAVING count(*) > 1""",
        "accounts that differ in blanks only": """
            SELECT trim(username) FROM website_account GROUP BY 1 HAVING count(*) > 1""",
        "references split over both accounts": f"""
            SELECT {plain("username")} FROM website_account
            JOIN website_order ON account_id = website_account.id GROUP BY 1 HAVING count(DISTINCT account_id) > 1""",
    },
}
OLDER_DAMAGE = {
    "attendance": """
        SELECT id FROM auth_user WHERE username LIKE 'imported.staff%'
        AND NOT EXISTS (SELECT 1 FROM attendance_staff WHERE user_id = auth_user.id)""",
    "logistics": "SELECT user_id FROM accounts_customerprofile GROUP BY user_id HAVING count(*) > 1",
    "academy": "SELECT id FROM users_profile WHERE NOT EXISTS (SELECT 1 FROM auth_user WHERE auth_user.id = user_id)",
}
EACH = [(system, name) for system, questions in DAMAGE.items() for name in questions]
