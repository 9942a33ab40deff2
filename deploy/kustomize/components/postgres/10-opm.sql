-- Run once, when the volume is empty. The product owns one database and can reach no other.
\set ON_ERROR_STOP on
\getenv password OPM_PASSWORD
CREATE ROLE opm LOGIN PASSWORD :'password';
CREATE DATABASE opm OWNER opm;
REVOKE ALL ON DATABASE opm FROM PUBLIC;
REVOKE ALL ON DATABASE postgres FROM PUBLIC;
REVOKE ALL ON DATABASE template1 FROM PUBLIC;
