// Swagger UI over our own schema: reading only, nothing is fetched from elsewhere.
"use strict";

const place = document.getElementById("swagger-ui");
window.SwaggerUIBundle({
  url: place.dataset.schema,
  domNode: place,
  deepLinking: true,
  supportedSubmitMethods: [],
  validatorUrl: null,
  presets: [window.SwaggerUIBundle.presets.apis],
});
