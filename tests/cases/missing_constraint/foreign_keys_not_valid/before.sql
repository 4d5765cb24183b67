-- NOT VALID never looked at the old rows; even beside a valid one it is work left half-done.
CREATE TABLE person (id integer PRIMARY KEY, legacy integer UNIQUE);
CREATE TABLE other (id integer PRIMARY KEY);
CREATE TABLE alone (id integer PRIMARY KEY, who integer UNIQUE);
ALTER TABLE alone ADD FOREIGN KEY (who) REFERENCES person NOT VALID;
CREATE TABLE beside (id integer PRIMARY KEY, who integer UNIQUE REFERENCES person);
ALTER TABLE beside ADD FOREIGN KEY (who) REFERENCES person NOT VALID;
CREATE TABLE validated (id integer PRIMARY KEY, who integer UNIQUE);
ALTER TABLE validated ADD CONSTRAINT validated_who FOREIGN KEY (who) REFERENCES person NOT VALID;
ALTER TABLE validated VALIDATE CONSTRAINT validated_who;
-- Not about this column's user: another column, another table.
CREATE TABLE elsewhere (id integer PRIMARY KEY, who integer UNIQUE REFERENCES person, asked_by integer);
ALTER TABLE elsewhere ADD FOREIGN KEY (asked_by) REFERENCES person NOT VALID;
ALTER TABLE elsewhere ADD FOREIGN KEY (who) REFERENCES other NOT VALID;
