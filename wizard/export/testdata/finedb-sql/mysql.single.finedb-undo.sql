#  -rw-r--r-- elsewhere
-- written by `wsdoctor export finedb-sql` from its settings: change those, and export it anew
-- The way back:
-- run this before finedb.sql and keep what it prints: those are the lines to run
SELECT 'DELETE FROM fine_conf_entity WHERE id = ''WebSocketConfig.port'';' FROM dual
UNION ALL
SELECT CONCAT('INSERT INTO fine_conf_entity (id, value) VALUES (''WebSocketConfig.port'', ''', REPLACE(REPLACE(value, CHAR(92), CONCAT(CHAR(92), CHAR(92))), '''', ''''''), ''');') FROM fine_conf_entity WHERE id = 'WebSocketConfig.port'
UNION ALL
SELECT 'DELETE FROM fine_conf_entity WHERE id = ''WebSocketConfig.requestPorts'';' FROM dual
UNION ALL
SELECT CONCAT('INSERT INTO fine_conf_entity (id, value) VALUES (''WebSocketConfig.requestPorts'', ''', REPLACE(REPLACE(value, CHAR(92), CONCAT(CHAR(92), CHAR(92))), '''', ''''''), ''');') FROM fine_conf_entity WHERE id = 'WebSocketConfig.requestPorts';
