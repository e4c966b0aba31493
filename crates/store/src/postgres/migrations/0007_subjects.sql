-- Who the people of the accounts are to a provider by which they sign in.
CREATE TABLE subjects (
  issuer text   COLLATE "C" NOT NULL,
  name   text   COLLATE "C" NOT NULL, -- the claim "sub"
  email  text   COLLATE "C" NOT NULL REFERENCES accounts (email),
  since  bigint NOT NULL,
  PRIMARY KEY (issuer, name)
);
CREATE UNIQUE INDEX subjects_by_email ON subjects (email, issuer);

-- A program of before lets nobody in by a provider, and misses nothing.
UPDATE schema SET version = 7;
