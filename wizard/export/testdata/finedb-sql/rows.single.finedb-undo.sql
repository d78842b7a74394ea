#  -rw-r--r-- elsewhere
-- written by `wsdoctor export finedb-sql` from its settings: change those, and export it anew
-- The way back:
UPDATE fine_conf_entity SET value = 'it''s ["1"] ' WHERE id = 'WebSocketConfig.port';
UPDATE fine_conf_entity SET value = '2' WHERE id = 'WebSocketConfig.requestPort';
