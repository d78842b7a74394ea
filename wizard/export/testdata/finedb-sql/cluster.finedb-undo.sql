#  -rw-r--r-- elsewhere
-- written by `wsdoctor export finedb-sql` from its settings: change those, and export it anew
-- The way back:
-- run this before finedb.sql and keep what it prints: those are the lines to run
SELECT 'DELETE FROM fine_conf_entity WHERE id = ''WebSocketConfig.port'';'
UNION ALL
SELECT 'INSERT INTO fine_conf_entity (id, value) VALUES (''WebSocketConfig.port'', ' || COALESCE('''' || REPLACE(value, '''', '''''') || '''', 'NULL') || ');' FROM fine_conf_entity WHERE id = 'WebSocketConfig.port'
UNION ALL
SELECT 'DELETE FROM fine_conf_entity WHERE id = ''WebSocketConfig.requestPorts'';'
UNION ALL
SELECT 'INSERT INTO fine_conf_entity (id, value) VALUES (''WebSocketConfig.requestPorts'', ' || COALESCE('''' || REPLACE(value, '''', '''''') || '''', 'NULL') || ');' FROM fine_conf_entity WHERE id = 'WebSocketConfig.requestPorts';
