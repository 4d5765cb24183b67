-- Each profile wants both: one row a user, and a user for each row. The good ones: a primary key, included columns, a
-- deferrable constraint, a partitioned table.
CREATE TABLE person (id integer PRIMARY KEY, tenant integer, legacy integer UNIQUE, UNIQUE (tenant, id));
CREATE TABLE other (id integer PRIMARY KEY);
CREATE TABLE only_unique (id integer PRIMARY KEY, who integer UNIQUE);
CREATE TABLE only_referring (id integer PRIMARY KEY, who integer REFERENCES person);
CREATE TABLE unique_with_more (id integer PRIMARY KEY, kind integer, who integer REFERENCES person, UNIQUE (who, kind));
CREATE TABLE unique_expression (id integer PRIMARY KEY, who integer REFERENCES person);
CREATE UNIQUE INDEX ON unique_expression ((who + 0));
CREATE TABLE composite_reference (
  id integer PRIMARY KEY, tenant integer, who integer UNIQUE, FOREIGN KEY (tenant, who) REFERENCES person (tenant, id)
);
CREATE TABLE another_table (id integer PRIMARY KEY, who integer UNIQUE REFERENCES other);
CREATE TABLE another_key (id integer PRIMARY KEY, who integer UNIQUE REFERENCES person (legacy));
CREATE TABLE soft (id integer PRIMARY KEY, who text UNIQUE);
CREATE TABLE good_primary (who integer PRIMARY KEY REFERENCES person ON DELETE CASCADE);
CREATE TABLE good_included (id integer PRIMARY KEY, kind integer, who integer REFERENCES person, UNIQUE (who) INCLUDE (kind));
CREATE TABLE good_deferrable (
  id integer PRIMARY KEY, who integer UNIQUE DEFERRABLE INITIALLY DEFERRED REFERENCES person DEFERRABLE INITIALLY DEFERRED
);
CREATE TABLE good_partitioned (who integer PRIMARY KEY REFERENCES person) PARTITION BY HASH (who);
CREATE TABLE good_partition PARTITION OF good_partitioned FOR VALUES WITH (MODULUS 1, REMAINDER 0);
