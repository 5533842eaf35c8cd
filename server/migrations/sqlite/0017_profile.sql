-- What the decision core keeps of a customer, packed. What was kept as text before is read until it is written anew.
ALTER TABLE customers ADD COLUMN profile BLOB;
