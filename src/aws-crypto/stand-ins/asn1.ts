export default { define: () => undefined };
