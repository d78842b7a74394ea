#  -rw-r--r-- elsewhere
-- written by `wsdoctor export finedb-sql` from its settings: change those, and export it anew
-- The vendor warns against writing to a live FineDB: stop the server, back FineDB up, run this in a transaction, look,
-- commit, start the server. The FINE_CONF_ENTITY plugin of the product does the same without SQL.
-- Builds before 2019-11-08 read WebSocketConfig.requestPort in place of requestPorts; both in the table are an error.
-- First run the statement in finedb-undo.sql: it prints the lines that take this back.
UPDATE fine_conf_entity SET value = '["38888","39888"]' WHERE id = 'WebSocketConfig.port';
INSERT INTO fine_conf_entity (id, value) SELECT 'WebSocketConfig.port', '["38888","39888"]' WHERE NOT EXISTS (SELECT 1 FROM fine_conf_entity WHERE id = 'WebSocketConfig.port');
UPDATE fine_conf_entity SET value = '38889' WHERE id = 'WebSocketConfig.requestPorts';
INSERT INTO fine_conf_entity (id, value) SELECT 'WebSocketConfig.requestPorts', '38889' WHERE NOT EXISTS (SELECT 1 FROM fine_conf_entity WHERE id = 'WebSocketConfig.requestPorts');
