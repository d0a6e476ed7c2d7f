import { bodyOf, serveHttp } from './parent.ts';

/** The floor: node:http sends each body back and does nothing else. */
serveHttp((request, response) => {
  bodyOf(request).then(
    (body) => {
      response.writeHead(200, {
        'content-type': 'application/json',
        'content-length': body.length,
      });
      response.end(body);
    },
    () => response.destroy(),
  );
});
