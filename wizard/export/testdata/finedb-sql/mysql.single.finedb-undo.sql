#  -rw-r--r-- elsewhere
-- written by `wsdoctor export finedb-sql` from its settings: change those, and export it anew
-- The way back:
-- run this before finedb.sql and keep what it prints: those are the lines to run
SELECT 'DELETE FROM fine_conf_entity WHERE id = ''WebSocketConfig.port'';' FROM dual
UNION ALL
SELECT CONCAT('INSERT INTO fine_conf_entity (id, value) VALUES (''WebSocketConfig.port'', ', COALESCE(CONCAT('CONVERT(X''', HEX(CONVERT(value USING utf8mb4)), ''' USING utf8mb4)'), 'NULL'), ');') FROM fine_conf_entity WHERE id = 'WebSocketConfig.port'
UNION ALL
SELECT 'DELETE FROM fine_conf_entity WHERE id = ''WebSocketConfig.requestPorts'';' FROM dual
UNION ALL
SELECT CONCAT('INSERT INTO fine_conf_entity (id, value) VALUES (''WebSocketConfig.requestPorts'', ', COALESCE(CONCAT('CONVERT(X''', HEX(CONVERT(value USING utf8mb4)), ''' USING utf8mb4)'), 'NULL'), ');') FROM fine_conf_entity WHERE id = 'WebSocketConfig.requestPorts';
