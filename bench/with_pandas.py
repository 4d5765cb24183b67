"""The same questions as a person who knows pandas asks them: load both tables, merge, filter."""

import os

import pandas as pd
import sqlalchemy as sa

engine = sa.create_engine(os.environ["BENCH_URL"])
users = pd.read_sql("SELECT * FROM auth_user", engine)
profiles = pd.read_sql("SELECT * FROM profile", engine)
merged = profiles.merge(users, left_on="user_id", right_on="id", how="left", suffixes=("", "_user"), indicator=True)
own = merged[merged["_merge"] == "both"]


def blank(values: "pd.Series[str]") -> "pd.Series[bool]":
    return values.fillna("").str.strip() == ""


found = {
    "missing_profile": users[~users["is_staff"] & ~users["id"].isin(profiles["user_id"])],
    "orphan_profile": merged[merged["_merge"] == "left_only"],
    "duplicate_profile": own[own.duplicated("user_id", keep=False)],
    "duplicate_user": users[
        users["email"].str.strip().str.lower().duplicated(keep=False)
        | users["username"].str.strip().str.lower().duplicated(keep=False)
    ],
    "blank_profile": own[blank(own["phone"]) & blank(own["address"])],
    "wrong_profile": own[own["is_staff"].astype(bool)],
    "missing_code": own[blank(own["barcode"])],
    "duplicate_code": profiles[~blank(profiles["barcode"]) & profiles.duplicated("barcode", keep=False)],
    "null_flag": own[own["invites"].isna()],
}
print({kind: len(rows) for kind, rows in found.items()})
